"""fwsim against the real kernel: machines built in fresh network namespaces, never outside one."""
