"""The plan: desired state compared with the hub, as steps with reasons. Values in, values out."""
