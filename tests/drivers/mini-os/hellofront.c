/* SPDX-License-Identifier: MIT */
/*
 * A front end in Mini-OS's style: it walks through the handshake by itself, in the caller's thread.
 */
#include "hellofront.h"

#include <mini-os/lib.h>
#include <mini-os/mm.h>
#include <mini-os/os.h>
#include <mini-os/xenbus.h>
#include <mini-os/xmalloc.h>

static void hellofront_handler(evtchn_port_t port, struct pt_regs *regs, void *data)
{
    struct hellofront_dev *dev = data;

    (void)port;
    (void)regs;
    wake_up(&dev->queue);
}

static int publish(struct hellofront_dev *dev)
{
    xenbus_transaction_t xbt;
    char *err;
    int retry = 1;

    while (retry) {
        err = xenbus_transaction_start(&xbt);
        if (err == NULL) {
            err = xenbus_printf(xbt, dev->nodename, "ring-ref", "%u", dev->ring_ref);
        }
        if (err == NULL) {
            err = xenbus_printf(xbt, dev->nodename, "event-channel", "%u", dev->evtchn);
        }
        if (err == NULL) {
            err = xenbus_printf(xbt, dev->nodename, "state", "%d", XenbusStateInitialised);
        }
        if (err == NULL) {
            err = xenbus_transaction_end(xbt, 0, &retry);
        }
        if (err != NULL) {
            printk("hellofront: %s\n", err);
            free(err);
            return -1;
        }
    }
    return 0;
}

/* Until the back end has one of the states in `wanted`; -1: it goes away. */
static int wait_for_backend(struct hellofront_dev *dev, unsigned int wanted)
{
    XenbusState state = XenbusStateUnknown;
    char path[128], *err = NULL;

    snprintf(path, sizeof(path), "%s/state", dev->backend);
    while (err == NULL && !(wanted >> state & 1)) {
        err = xenbus_wait_for_state_change(path, &state, &dev->events);
    }
    free(err);
    return err == NULL ? 0 : -1;
}

static int set_state(struct hellofront_dev *dev, XenbusState state)
{
    char path[128], *err;

    snprintf(path, sizeof(path), "%s/state", dev->nodename);
    err = xenbus_switch_state(XBT_NIL, path, state);
    free(err);
    return err == NULL ? 0 : -1;
}

struct hellofront_dev *init_hellofront(const char *nodename)
{
    struct hellofront_dev *dev = xmalloc(struct hellofront_dev);
    hello_sring_t *sring = (hello_sring_t *)alloc_page();
    char path[128], *err;

    memset(dev, 0, sizeof(*dev));
    dev->nodename = strdup(nodename);
    init_waitqueue_head(&dev->queue);
    snprintf(path, sizeof(path), "%s/backend-id", nodename);
    dev->dom = (domid_t)xenbus_read_integer(path);
    snprintf(path, sizeof(path), "%s/backend", nodename);
    err = xenbus_read(XBT_NIL, path, &dev->backend);
    if (err != NULL) {
        printk("hellofront: %s: %s\n", path, err);
        free(err);
        return NULL;
    }
    snprintf(path, sizeof(path), "%s/state", dev->backend);
    err = xenbus_watch_path_token(XBT_NIL, path, path, &dev->events);
    BUG_ON(err != NULL || sring == NULL);
    if (wait_for_backend(dev, 1 << XenbusStateInitWait) != 0) {
        return NULL;
    }
    memset(sring, 0, PAGE_SIZE);
    SHARED_RING_INIT(sring);
    FRONT_RING_INIT(&dev->ring, sring, PAGE_SIZE);
    dev->ring_ref = gnttab_grant_access(dev->dom, virt_to_mfn(sring), 0);
    if (evtchn_alloc_unbound(dev->dom, hellofront_handler, dev, &dev->evtchn) != 0) {
        return NULL;
    }
    unmask_evtchn(dev->evtchn);
    if (publish(dev) != 0 ||
        wait_for_backend(dev, 1 << XenbusStateConnected | 1 << XenbusStateClosed) != 0) {
        return NULL;
    }
    return set_state(dev, XenbusStateConnected) == 0 ? dev : NULL;
}

void hellofront_ask(struct hellofront_dev *dev, const char *text, char answer[HELLO_TEXT])
{
    struct hello_request *request = RING_GET_REQUEST(&dev->ring, dev->ring.req_prod_pvt);
    struct hello_response response;
    int notify;

    request->id = dev->ring.req_prod_pvt;
    request->length = (uint32_t)strlen(text);
    memcpy(request->text, text, request->length);
    dev->ring.req_prod_pvt++;
    wmb();
    RING_PUSH_REQUESTS_AND_CHECK_NOTIFY(&dev->ring, notify);
    if (notify) {
        notify_remote_via_evtchn(dev->evtchn);
    }
    do {
        unsigned int more;

        wait_event(dev->queue, RING_HAS_UNCONSUMED_RESPONSES(&dev->ring));
        RING_COPY_RESPONSE(&dev->ring, dev->ring.rsp_cons, &response);
        dev->ring.rsp_cons++;
        RING_FINAL_CHECK_FOR_RESPONSES(&dev->ring, more);
        (void)more;
    } while (response.id != request->id);
    memcpy(answer, response.text, HELLO_TEXT);
}

void shutdown_hellofront(struct hellofront_dev *dev)
{
    char path[128], *err;

    set_state(dev, XenbusStateClosing);
    set_state(dev, XenbusStateClosed);
    wait_for_backend(dev, 1 << XenbusStateClosed | 1 << XenbusStateUnknown);
    unbind_evtchn(dev->evtchn);
    if (gnttab_end_access(dev->ring_ref)) {
        free_page(dev->ring.sring);
    }
    snprintf(path, sizeof(path), "%s/state", dev->backend);
    err = xenbus_unwatch_path_token(XBT_NIL, path, path);
    free(err);
    free(dev->backend);
    free(dev->nodename);
    xfree(dev);
}
