"""Whether a judge is awake: questions whose right answer is known to be lower, or the same, for whatever edit."""
