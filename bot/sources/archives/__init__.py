"""Files that people have of their posts: what a file is, whose, and the posts in it; a module for each kind."""
