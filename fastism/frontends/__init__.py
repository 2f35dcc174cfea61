"""Front ends: what turns a model of some framework into a module. README.md says how to add one."""
