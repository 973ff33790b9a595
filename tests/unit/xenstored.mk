# SPDX-License-Identifier: MIT
$(eval $(call unit_suite,xenstored,tests/unit/xenstored_tree.c tests/unit/xenstored_requests.c tests/unit/xenstored_journal.c \
  tests/unit/xenstored_client.c $(XENSTORED_CORE),))
