/* SPDX-License-Identifier: MIT */
/* The few functions of <string.h> that freestanding code and the compiler itself ask for. */
#pragma once

#if __STDC_HOSTED__
#include <string.h>
#else
#include <stddef.h>

void *memcpy(void *destination, const void *source, size_t size);
void *memmove(void *destination, const void *source, size_t size);
void *memset(void *destination, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
size_t strlen(const char *text);
int strncmp(const char *a, const char *b, size_t size);
char *strchr(const char *text, int byte);
char *strstr(const char *text, const char *wanted);
#endif
