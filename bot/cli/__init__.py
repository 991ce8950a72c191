"""The command line: commands, terminal output, the doctor and the demo."""
