# SPDX-License-Identifier: MIT
.PHONY: guests
guests:
