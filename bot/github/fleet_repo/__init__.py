"""A fleet in a repository of its own: which files it has, what pins it to this bot, how it follows a newer one."""
