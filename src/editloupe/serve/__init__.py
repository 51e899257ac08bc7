"""The judge and the rubric of a config behind HTTP: a reward service whose failures are values, never scores."""
