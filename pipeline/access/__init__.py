"""Who may do what on the cluster: the roles of `deploy/acls.yaml`, and what the broker says."""
