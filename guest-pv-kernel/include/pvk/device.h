/* SPDX-License-Identifier: MIT */
/*
 * Drivers of split devices, front ends and back ends alike: a driver is a type's name and what to do
 * at each step of the handshake. This part watches the store, walks through the states and tears down.
 * A driver registers itself with DEVICE_DRIVER() and needs no other mention.
 * Invariant DV1: a state is only written as the table of xenbus_device.c allows. DV2: `release` is
 * called exactly once for each `publish` that was begun, and for a front end not before the back end
 * has let go. DV3: a device whose directory or whose other end's is gone has been released.
 * Callbacks run in one thread of the process that called device_start(): they may use the store, print,
 * and wait a little; while one does, no other device gets on.
 * Read next: docs/drivers/xenbus.md, ../../xenbus/device.c
 */
#ifndef PVK_DEVICE_H
#define PVK_DEVICE_H

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define DEVICE_PATH 96

struct device_driver;

struct device {
    const struct device_driver *driver;
    unsigned int id;
    uint16_t other_domid;    /* the domain of the other end */
    char path[DEVICE_PATH];  /* this end's directory in the store */
    char other[DEVICE_PATH]; /* the other end's */
    bool connected;
    void *data; /* the driver's; NULL at first */
};

enum device_side { DEVICE_FRONT_END, DEVICE_BACK_END };

struct device_driver {
    const char *type; /* "hello": device/hello/ID, backend/hello/DOMID/ID */
    enum device_side side;
    /* Before InitWait (back end: features, sizes) or Initialised (front end: rings, ports).
     * Negative: the device is closed, and the errno is left in its node `error`. */
    int (*publish)(struct device *device);
    /* Take up what the other end published. Negative: as above.
     * A back end whose dom0 crashed and came back gets publish and connect in a row, with the front end
     * connected all the time: its ring begins at rsp_prod, not at 0 (BACK_RING_ATTACH). */
    int (*connect)(struct device *device);
    /* Optional. No longer connected, but the other end may still hold what was shared. */
    void (*disconnect)(struct device *device);
    /* Give back everything that publish and connect took. */
    void (*release)(struct device *device);
};

/* In one file per driver, outside functions: DEVICE_DRIVER(hello_front); for a
 * `static const struct device_driver hello_front = { ... };` */
#ifndef DEVICE_DRIVER_SECTION
#define DEVICE_DRIVER_SECTION "pvk_drivers"
#endif
#define DEVICE_DRIVER(driver)                                    \
    static const struct device_driver *const driver##_registered \
        __attribute__((section(DEVICE_DRIVER_SECTION), used)) = &(driver)

/* Starts every driver that is linked in; returns how many those are, -ENODEV without a store, or -ENOMEM.
 * Devices that are there, and those that come later, then go through their handshakes. Calling it
 * again changes nothing. */
int device_start(void);

/* Closes the device, for a reason that is left in the node `error` of its directory and printed: the
 * other end broke the rules. May be called from event handlers. */
void device_give_up(struct device *device, const char *why);

/* Nodes: of the other end's directory, and of this one's. */
/* A decimal number: 0, -ENOENT it is not there, -EINVAL it is no number or above `most`. */
int device_read_number(struct device *device, const char *key, unsigned long most,
                       unsigned long *number);
/* malloc'ed text; NULL: there is none. */
char *device_read(struct device *device, const char *key);
/* The same of this end's directory: what the toolstack wrote there. */
char *device_read_own(struct device *device, const char *key);
int device_write(struct device *device, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#ifdef __cplusplus
}
#endif

#endif
