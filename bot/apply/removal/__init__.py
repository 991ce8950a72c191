"""A person removed everywhere: models, posts, tracker runs, traces on this machine, and the proof."""
