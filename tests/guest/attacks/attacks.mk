# SPDX-License-Identifier: MIT
# The hostile guest and its witness (tests/guest/attacks/README.md); tests/system/test_attacks.py runs them.
ATTACK_IMAGES := $(TEST_BUILD)/guest/attacker.elf $(TEST_BUILD)/guest/witness.elf
$(eval $(call guest_image,$(TEST_BUILD)/guest/attacker.elf,$(wildcard tests/guest/attacks/attack*.c) \
    $(GUEST_BUILD)/tests/guest/attacks/attack_try.o,))
$(eval $(call guest_image,$(TEST_BUILD)/guest/witness.elf,tests/guest/attacks/witness.c,))
