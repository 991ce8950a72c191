"""The commands, by what they are about. Each parses, calls a room, and prints; nothing else lives here."""
