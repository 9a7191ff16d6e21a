"""Having a poor transcript made again: the policy decides, the machine sees that it is done once."""
