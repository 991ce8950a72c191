"""Training on Hugging Face Jobs: which code runs there, the jobs of a plan, their outcomes."""
