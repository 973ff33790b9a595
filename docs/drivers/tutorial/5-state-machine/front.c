/* SPDX-License-Identifier: MIT */
/* Step 5, front end: may come, go and come again while the guest runs. */
#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/thread.h>

#include <stdint.h>
#include <stdio.h>

static int port; /* 0: none */

static void on_event(event_port_t rung, void *data)
{
    static int rings;

    (void)rung;
    (void)data;
    rings++;
}

static int publish(struct device *device)
{
    int result = event_alloc_unbound(device->other_domid, on_event, NULL);

    printf("publish\n");
    if (result < 0) {
        return result;
    }
    port = result;
    return device_write(device, "event-channel", "%d", port);
}

static int take_up(struct device *device)
{
    unsigned long echo = 0;
    int result = device_read_number(device, "feature-echo", 1, &echo);

    printf("connect, echo %lu\n", echo);
    event_send((event_port_t)port);
    return result;
}

static void disconnect(struct device *device)
{
    (void)device;
    printf("disconnect\n");
}

static void release(struct device *device)
{
    (void)device;
    printf("release\n");
    if (port != 0) {
        event_close((event_port_t)port);
    }
    port = 0;
}

static const struct device_driver front = {"hello", DEVICE_FRONT_END, publish,
                                           take_up, disconnect,       release};
DEVICE_DRIVER(front);

int main(void)
{
    device_start();
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}
