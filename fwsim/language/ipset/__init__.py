"""The kernel's address sets (ipset): their dumps and commands, and who is in one."""
