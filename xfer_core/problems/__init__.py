"""Transfer problems: domains, roles, tasks, label budget, and how the data is split."""
