"""What is known about a judge: the records of an audit, a probe and a judge's card, and how its replies were read."""
