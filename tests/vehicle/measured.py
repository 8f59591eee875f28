"""Numbers that the tests on booted machines measure, told when they are done."""

MEASURED: dict[str, str] = {}
