# SPDX-License-Identifier: MIT
# xenstored: its core (the store without transports) is what unit tests link on the host.
XENSTORED_CORE    := $(addprefix dom0-tools/xenstored/,tree.c store.c path.c watch.c transaction.c \
                       request.c connection.c ring.c journal.c journal_replay.c)
XENSTORED_SOURCES := $(XENSTORED_CORE) dom0-tools/xenstored/xenstored.c
