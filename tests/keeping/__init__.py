"""The archive's file comes to harm: damage, loss, full disks, kills, other programs. `make torture-archive`."""
