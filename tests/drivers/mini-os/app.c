/* SPDX-License-Identifier: MIT */
/*
 * An application for Mini-OS: threads, waits, a driver of its own (hellofront.c), netfront, blkfront.
 * Says "mini-os: N passed" and ends with 0 when everything held.
 */
#include <mini-os/blkfront.h>
#include <mini-os/gntmap.h>
#include <mini-os/gnttab.h>
#include <mini-os/kernel.h>
#include <mini-os/lib.h>
#include <mini-os/mm.h>
#include <mini-os/netfront.h>
#include <mini-os/os.h>
#include <mini-os/sched.h>
#include <mini-os/semaphore.h>
#include <mini-os/time.h>
#include <mini-os/xmalloc.h>

#include "hellofront.h"

#define BLOCKS     64
#define ETHER_SIZE 60

static int passed, failed;

static void check(int held, const char *what)
{
    printk("%s - %s\n", held ? "ok" : "not ok", what);
    passed += held != 0;
    failed += held == 0;
}

/* ---- threads ------------------------------------------------------------------------------------ */

static DECLARE_WAIT_QUEUE_HEAD(queue);
static DECLARE_MUTEX_LOCKED(done);
static int turns;

static void counter(void *limit)
{
    while (turns < *(int *)limit) {
        turns++;
        wake_up(&queue);
        schedule();
    }
    up(&done);
}

static void test_threads(void)
{
    int limit = 10;
    s_time_t begin = NOW();

    check(current == get_current() && is_runnable(current), "a thread knows itself");
    check(create_thread("counter", counter, &limit) != NULL, "a thread is made");
    wait_event(queue, turns >= 5);
    down(&done);
    check(turns == limit, "wait_event and a semaphore wait for it");
    msleep(20);
    check(NOW() - begin >= MILLISECS(20), "msleep sleeps");
    begin = NOW();
    wait_event_deadline(queue, turns > limit, NOW() + MILLISECS(10));
    check(turns == limit && NOW() - begin >= MILLISECS(10), "a deadline ends a wait");
    check(!trydown(&done), "trydown does not wait");
}

/* ---- the store ---------------------------------------------------------------------------------- */

static void test_xenbus(void)
{
    struct write_req pieces[] = {{"name", 5}};
    struct xsd_sockmsg *reply;
    char *value, *err, **names;
    int count = 0;

    err = xenbus_read(XBT_NIL, "data/nothing", &value);
    check(err != NULL && strcmp(err, "ENOENT") == 0 && value == NULL, "an error is its word");
    free(err);
    err = xenbus_write(XBT_NIL, "data/number", "42");
    check(err == NULL && xenbus_read_integer("data/number") == 42, "a number is written and read");
    check(xenbus_read_integer("name") == -1, "a name is no number");
    err = xenbus_ls(XBT_NIL, "data", &names);
    while (err == NULL && names[count] != NULL) {
        free(names[count++]);
    }
    check(err == NULL && count == 1, "ls lists");
    free(names);
    err = xenbus_rm(XBT_NIL, "data/number");
    check(err == NULL && xenbus_read_integer("data/number") == -1, "rm removes");
    reply = xenbus_msg_reply(XS_READ, XBT_NIL, pieces, ARRAY_SIZE(pieces));
    check(reply != NULL && reply->type == XS_READ &&
              strncmp((char *)(reply + 1), "mini-os", reply->len) == 0,
          "a raw request has its reply");
    free(reply);
}

/* ---- memory ------------------------------------------------------------------------------------- */

static void test_memory(void)
{
    unsigned long page = alloc_page();
    unsigned long mfn = virt_to_mfn(page);
    char *again = map_frames(&mfn, 1);
    struct gntmap map;

    check(page != 0 && mfn_to_virt(mfn) == (void *)page, "frames and addresses correspond");
    check(again != NULL, "a frame is mapped a second time");
    if (again != NULL) {
        strcpy((char *)page, "shared");
        check(strcmp(again, "shared") == 0, "both show the same");
        unmap_frames((unsigned long)again, 1);
    }
    free_page((void *)page);
    gntmap_init(&map);
    check(gntmap_set_max_grants(&map, 4) == 0 && gntmap_munmap(&map, 4096, 1) < 0,
          "a set of mappings begins empty");
    gntmap_fini(&map);
}

/* ---- devices ------------------------------------------------------------------------------------ */

static void test_hellofront(void)
{
    struct hellofront_dev *dev = init_hellofront("device/hello/0");
    char answer[HELLO_TEXT] = "", text[HELLO_TEXT];
    int right = 0;

    check(dev != NULL, "a driver of its own connects");
    for (int i = 0; dev != NULL && i < 500; i++) {
        snprintf(text, sizeof(text), "mini-os %d", i);
        hellofront_ask(dev, text, answer);
        snprintf(text, sizeof(text), "MINI-OS %d", i);
        right += strcmp(answer, text) == 0;
    }
    check(right == 500, "500 requests are answered");
    if (dev != NULL) {
        shutdown_hellofront(dev);
    }
}

static DECLARE_WAIT_QUEUE_HEAD(net_queue);
static int arp_answers;

/* A response to an ARP request: type 0x0806, operation 2. */
static void net_rx(unsigned char *data, int len, void *arg)
{
    (void)arg;
    if (len >= 42 && data[12] == 8 && data[13] == 6 && data[21] == 2) {
        arp_answers++;
        wake_up(&net_queue);
    }
}

static void test_netfront(void)
{
    static const unsigned char head[] = {8, 6, 0, 1, 8, 0, 6, 4, 0, 1};
    unsigned char mac[6], frame[ETHER_SIZE] = {0};
    struct netfront_dev *dev = init_netfront("device/vif/0", net_rx, mac, NULL);

    check(dev != NULL, "netfront connects");
    memset(frame, 0xff, 6);
    memcpy(frame + 6, mac, 6);
    memcpy(frame + 12, head, sizeof(head));
    memcpy(frame + 22, mac, 6);
    memcpy(frame + 28, (const unsigned char[]){10, 0, 2, 77}, 4);
    memcpy(frame + 38, (const unsigned char[]){10, 0, 2, 2}, 4);
    for (int i = 0; dev != NULL && i < 50 && arp_answers == 0; i++) {
        netfront_xmit(dev, frame, sizeof(frame));
        wait_event_deadline(net_queue, arp_answers > 0, NOW() + MILLISECS(200));
    }
    check(arp_answers > 0, "a frame goes out, and its answer comes in");
    if (dev != NULL) {
        shutdown_netfront(dev);
    }
}

static int blk_done, blk_wrong;

static void blk_cb(struct blkfront_aiocb *aiocb, int ret)
{
    const uint32_t *words = (const uint32_t *)(void *)aiocb->aio_buf;
    uint32_t block = (uint32_t)(uintptr_t)aiocb->data;

    blk_done++;
    blk_wrong += ret != 0;
    for (size_t i = 0; !aiocb->is_write && i < aiocb->aio_nbytes / 4; i++) {
        blk_wrong += words[i] != block * RAND_MIX + i;
    }
}

static void blk_all(struct blkfront_dev *dev, struct blkfront_aiocb *aiocbs, int write)
{
    blk_done = 0;
    for (int i = 0; i < BLOCKS; i++) {
        blkfront_aio(&aiocbs[i], write);
        blkfront_aio_poll(dev);
    }
    while (blk_done < BLOCKS) {
        DEFINE_WAIT(w);

        add_waiter(w, blkfront_queue);
        if (blkfront_aio_poll(dev) == 0) {
            schedule();
        }
        remove_waiter(w, blkfront_queue);
    }
}

static void test_blkfront(void)
{
    struct blkfront_info info;
    struct blkfront_dev *dev = init_blkfront(NULL, &info);
    struct blkfront_aiocb *aiocbs = xmalloc_array(struct blkfront_aiocb, BLOCKS);

    check(dev != NULL && info.sector_size == 512 && info.sectors == 2048, "blkfront connects");
    for (int i = 0; dev != NULL && i < BLOCKS; i++) {
        uint32_t *words = _xmalloc(PAGE_SIZE, PAGE_SIZE);

        for (uint32_t k = 0; k < PAGE_SIZE / 4; k++) {
            words[k] = (uint32_t)i * RAND_MIX + k;
        }
        aiocbs[i] = (struct blkfront_aiocb){.aio_dev = dev,
                                            .aio_buf = (uint8_t *)words,
                                            .aio_nbytes = PAGE_SIZE,
                                            .aio_offset = i * (off_t)PAGE_SIZE,
                                            .data = (void *)(uintptr_t)i,
                                            .aio_cb = blk_cb};
    }
    if (dev == NULL) {
        return;
    }
    blk_all(dev, aiocbs, 1);
    blkfront_sync(dev);
    for (int i = 0; i < BLOCKS; i++) {
        memset(aiocbs[i].aio_buf, 0, PAGE_SIZE);
    }
    blk_all(dev, aiocbs, 0);
    check(blk_wrong == 0, "64 blocks at a time are written, and read back unchanged");
    memset(aiocbs[7].aio_buf, 0, PAGE_SIZE);
    blkfront_read(&aiocbs[7]);
    check(((uint32_t *)(void *)aiocbs[7].aio_buf)[1] == 7 * RAND_MIX + 1, "blkfront_read waits");
    shutdown_blkfront(dev);
}

int app_main(void *page)
{
    check(page != NULL && start_info_ptr->nr_pages > 0, "app_main gets start_info");
    test_threads();
    test_xenbus();
    test_memory();
    test_hellofront();
    test_netfront();
    test_blkfront();
    printk("mini-os: %d passed, %d failed\n", passed, failed);
    exit(failed != 0);
}
