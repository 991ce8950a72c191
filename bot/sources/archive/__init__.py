"""The archive that X gives its users, read member by member."""
