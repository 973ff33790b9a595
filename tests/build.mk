# SPDX-License-Identifier: MIT
.PHONY: test check
test:
check:
