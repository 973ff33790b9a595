/* SPDX-License-Identifier: MIT */
/*
 * disk_setup.c: attaching and detaching virtual disks.
 * Invariant DS1 (disk_setup.h). Read next: cmd_block.c.
 */
#include "dom0-tools/pvctl/disk_setup.h"

#include <stdlib.h>
#include <string.h>

#include <public/errno.h>

#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/libpv/vbd.h"
#include "guest-pv-kernel/xenbus/xenbus_device.h"

#define PLACE_SIZE     1024
#define ATTACH_SECONDS 20u
#define DETACH_SECONDS 10u

/* Wait until the back end's state is one of a set of bits; the state, or Unknown when it is not. */
static enum xenbus_state wait_for_state(struct store *store, const char *back, unsigned int states,
                                        unsigned int seconds)
{
    uint64_t deadline_ns = seam_now_ns() + seconds * 1000000000ull;
    enum xenbus_state state = XenbusStateUnknown;
    char path[128];

    snprintf(path, sizeof(path), "%s/state", back);
    if (store_watch(store, path, "wait") < 0) {
        return XenbusStateUnknown;
    }
    for (;;) {
        struct seam_wait wait = {store_descriptor(store), SEAM_READ, 0};
        char *text = store_read_at(store, 0, "%s", path);
        struct store_event event;
        uint64_t now_ns = seam_now_ns();

        state = xenbus_device_parse_state(text);
        free(text);
        if ((states >> (unsigned int)state & 1u) != 0 || now_ns >= deadline_ns ||
            seam_wait_any(&wait, 1, (int)((deadline_ns - now_ns) / 1000000u) + 1) < 0) {
            break;
        }
        while (store_next_event(store, false, &event) > 0) {
            store_event_free(&event);
        }
    }
    store_unwatch(store, path, "wait");
    return (states >> (unsigned int)state & 1u) != 0 ? state : XenbusStateUnknown;
}

static int refuse(struct error *error, const struct config_disk *disk, int result)
{
    char reason[96];

    error_describe_errno(result, reason, sizeof(reason));
    error_set(error, ERROR_DISK, "cannot serve '%s' as %s", disk->target, disk->vdev);
    return error_why(error, "%s",
                     result == -XEN_EEXIST ? "the domain has a disk of that name" : reason);
}

/* Two writers, or a reader beside a writer, would each destroy what the other sees. */
static int refuse_shared(struct error *error, const struct config_disk *disk, uint16_t user)
{
    error_set(error, ERROR_DISK, "cannot serve '%s' as %s", disk->target, disk->vdev);
    error_why(error, "domain %u has a disk behind this file, and one of the two may write",
              (unsigned int)user);
    return error_hint(error, "attach it read-only to both");
}

/* The back end said no: its words, and nothing left. */
static int back_end_refused(struct store *store, const struct vbd *vbd,
                            const struct config_disk *disk, const char *back, struct error *error)
{
    char *why = store_read_at(store, 0, "%s/hotplug-error", back);

    vbd_remove(store, vbd->domid, vbd->number);
    error_set(error, ERROR_DISK, "cannot serve '%s' as %s", disk->target, disk->vdev);
    error_why(error, "%.200s", why != NULL ? why : "the block back end does not answer");
    free(why);
    if (disk->of_machine) {
        error_hint(error, "`pvctl up --disk FILE' gives the machine disks; phy:vda is the first");
    }
    return -1;
}

int disk_setup_attach(struct store *store, uint16_t domid, const struct config_disk *disk,
                      struct error *error)
{
    struct vbd vbd = {.domid = domid, .writable = disk->writable, .cdrom = disk->cdrom};
    char *place = malloc(PLACE_SIZE);
    char back[64];
    uint16_t user;
    int result;

    if (place == NULL) {
        return error_set(error, ERROR_TOOL_MEMORY, "out of memory");
    }
    vbd.place = place;
    if (disk->target == NULL || vbd_number(disk->vdev, &vbd.number) < 0) {
        free(place);
        error_set(error, ERROR_DISK, "there is no virtual device '%s'", disk->vdev);
        return error_hint(error, "for example xvda");
    }
    result = 0;
    if (disk->of_machine) {
        snprintf(place, PLACE_SIZE, "%s", disk->target);
    } else {
        result = seam_file_path(disk->target, place, PLACE_SIZE);
    }
    if (result == 0 && vbd_in_use(store, &vbd, &user)) {
        free(place);
        return refuse_shared(error, disk, user);
    }
    if (result == 0) {
        result = vbd_create(store, &vbd);
    }
    free(place);
    if (result < 0) {
        return refuse(error, disk, result);
    }
    snprintf(back, sizeof(back), VBD_BACK_ROOT "/%u/%lu", (unsigned int)domid,
             (unsigned long)vbd.number);
    switch (wait_for_state(store, back,
                           1u << XenbusStateInitWait | 1u << XenbusStateConnected |
                               1u << XenbusStateClosing | 1u << XenbusStateClosed,
                           ATTACH_SECONDS)) {
    case XenbusStateInitWait:
    case XenbusStateConnected:
        return 0;
    default:
        return back_end_refused(store, &vbd, disk, back, error);
    }
}

static bool is_let_go(struct store *store, const char *back)
{
    char *text = store_read_at(store, 0, "%s/state", back);
    enum xenbus_state state = xenbus_device_parse_state(text);

    free(text);
    return state == XenbusStateClosed || state == XenbusStateUnknown;
}

int disk_setup_detach(struct store *store, uint16_t domid, const char *name, bool force,
                      struct error *error)
{
    char back[64];
    uint32_t number;
    char *state = NULL;

    if (vbd_number(name, &number) == 0) {
        snprintf(back, sizeof(back), VBD_BACK_ROOT "/%u/%lu", (unsigned int)domid,
                 (unsigned long)number);
        state = store_read_at(store, 0, "%s/state", back);
    }
    if (state == NULL) {
        return error_set(error, ERROR_NO_SUCH_DEVICE, "domain %u has no disk '%s'",
                         (unsigned int)domid, name);
    }
    store_write_at(store, 0, "0", "%s/online", back);
    if (xenbus_device_may_step(XENBUS_DEVICE_BACK, xenbus_device_parse_state(state),
                               XenbusStateClosing)) {
        store_write_at(store, 0, "5", "%s/state", back);
    }
    free(state);
    /* The whole directory goes when the domain ends meanwhile. */
    wait_for_state(store, back, 1u << XenbusStateClosed | 1u << XenbusStateUnknown, DETACH_SECONDS);
    if (!is_let_go(store, back) && !force) {
        error_set(error, ERROR_TIMEOUT, "disk '%s' is still in use", name);
        return error_hint(error, "let the guest unmount it, or use --force");
    }
    vbd_remove(store, domid, number);
    return 0;
}
