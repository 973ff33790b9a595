/* SPDX-License-Identifier: MIT */
/* Memory by string instructions, text by plain loops. The compiler calls the first four on its own account, too. */
#include "string.h"

#include <stdint.h>

void *memcpy(void *destination, const void *source, size_t size)
{
    void *to = destination;
    size_t words = size / 8;

    __asm__ volatile("rep movsq\n\t"
                     "mov %3, %%rcx\n\t"
                     "rep movsb"
                     : "+D"(to), "+S"(source), "+c"(words)
                     : "r"(size % 8)
                     : "memory");
    return destination;
}

void *memset(void *destination, int byte, size_t size)
{
    void *to = destination;
    size_t words = size / 8;
    uint64_t pattern = (uint8_t)byte * UINT64_C(0x0101010101010101);

    __asm__ volatile("rep stosq\n\t"
                     "mov %3, %%rcx\n\t"
                     "rep stosb"
                     : "+D"(to), "+c"(words)
                     : "a"(pattern), "r"(size % 8)
                     : "memory");
    return destination;
}

void *memmove(void *destination, const void *source, size_t size)
{
    unsigned char *to = destination;
    const unsigned char *from = source;

    if (to <= from || to >= from + size) {
        return memcpy(destination, source, size);
    }
    while (size-- != 0) {
        to[size] = from[size];
    }
    return destination;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *p = a;
    const unsigned char *q = b;

    for (size_t i = 0; i < size; i++) {
        if (p[i] != q[i]) {
            return p[i] < q[i] ? -1 : 1;
        }
    }
    return 0;
}

size_t strlen(const char *text)
{
    size_t n = 0;

    while (text[n] != '\0') {
        n++;
    }
    return n;
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (a[i] != b[i]) {
            return (unsigned char)a[i] < (unsigned char)b[i] ? -1 : 1;
        }
        if (a[i] == '\0') {
            return 0;
        }
    }
    return 0;
}

char *strchr(const char *text, int byte)
{
    for (; *text != (char)byte; text++) {
        if (*text == '\0') {
            return NULL;
        }
    }
    return (char *)(uintptr_t)text;
}

char *strstr(const char *text, const char *wanted)
{
    size_t length = strlen(wanted);

    for (;; text++) {
        if (strncmp(text, wanted, length) == 0) {
            return (char *)(uintptr_t)text;
        }
        if (*text == '\0') {
            return NULL;
        }
    }
}
