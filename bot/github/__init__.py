"""GitHub: its API, workflow commands, summaries, reviews of pull requests and requests by issue form."""
