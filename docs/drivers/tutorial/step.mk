# SPDX-License-Identifier: MIT
# One step: front.c and back.c become two guests, against an installed xenlike.
PKG_CONFIG ?= pkg-config
CC         := gcc
CFLAGS     := -std=c99 -O2 -g -Wall -Wextra $(shell $(PKG_CONFIG) --cflags xenlike-guest)
LIBS       := $(shell $(PKG_CONFIG) --libs xenlike-guest)

all: front.elf back.elf

%.elf: %.c $(wildcard *.h ../*.h)
	$(CC) $(CFLAGS) -o $@ $< $(LIBS)

clean:
	rm -f *.elf
