/* SPDX-License-Identifier: MIT */
/* Step 5, back end: the handshake is pvk/device.h's; a driver says what to do at each step. */
#include <pvk/device.h>
#include <pvk/event.h>
#include <pvk/thread.h>

#include <stdint.h>
#include <stdio.h>

static int port; /* 0: none */

static void on_event(event_port_t rung, void *data)
{
    (void)data;
    event_send(rung);
}

static int publish(struct device *device)
{
    printf("publish for domain %u\n", device->other_domid);
    return device_write(device, "feature-echo", "1");
}

static int take_up(struct device *device)
{
    unsigned long remote;
    int result = device_read_number(device, "event-channel", UINT32_MAX, &remote);

    if (result == 0) {
        result = event_bind_interdomain(device->other_domid, (event_port_t)remote, on_event, NULL);
    }
    port = result > 0 ? result : 0;
    printf("connect\n");
    return result > 0 ? 0 : result;
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

static const struct device_driver back = {"hello", DEVICE_BACK_END, publish, take_up,
                                          NULL,    release};
DEVICE_DRIVER(back);

int main(void)
{
    device_start();
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}
