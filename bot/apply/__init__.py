"""Steps to outcomes: fetch, train, publish, remove. The only package that knows all those below it."""
