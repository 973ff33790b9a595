/* SPDX-License-Identifier: MIT */
/*
 * The witness: a guest beside the hostile one. It fills its memory with a pattern, keeps another in its FPU registers, and says
 * again and again what it finds there: "witness COUNT held" for as long as nobody touched either.
 */
#include <stdint.h>
#include <stdio.h>

#include <pvk/memory.h>
#include <pvk/thread.h>

#define NR_PAGES  256
#define PERIOD_NS 100000000ul

static uint64_t *pages[NR_PAGES];

static uint64_t pattern(unsigned int page, unsigned int word)
{
    return ((uint64_t)page << 32 | word) * 0x9e3779b97f4a7c15ul;
}

static unsigned int wrong_words(void)
{
    unsigned int wrong = 0;

    for (unsigned int page = 0; page < NR_PAGES; page++) {
        for (unsigned int word = 0; word < 512; word++) {
            wrong += pages[page][word] != pattern(page, word);
        }
    }
    return wrong;
}

int main(void)
{
    for (unsigned int page = 0; page < NR_PAGES; page++) {
        pages[page] = memory_alloc_page();
        for (unsigned int word = 0; word < 512; word++) {
            pages[page][word] = pattern(page, word);
        }
    }
    for (unsigned int count = 1;; count++) {
        uint64_t secret = 0x5ec7e75ec7e70000ul | count, kept;

        __asm__ volatile("movq %0, %%xmm13" : : "r"(secret) : "xmm13");
        unsigned int wrong = wrong_words();
        __asm__ volatile("movq %%xmm13, %0" : "=r"(kept));
        printf("witness %u %s\n", count, wrong == 0 && kept == secret ? "held" : "CHANGED");
        fflush(stdout);
        thread_sleep(PERIOD_NS);
    }
}
