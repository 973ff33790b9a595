/* SPDX-License-Identifier: MIT */
/*
 * A driver domain: a guest that serves every back end linked into it, to whichever domains the
 * toolstack gives such a device (backend=NAME-OF-THIS-DOMAIN).
 */
#include <stdio.h>

#include <pvk/device.h>
#include <pvk/thread.h>

int main(void)
{
    int count = device_start();

    if (count < 0) {
        printf("driver domain: there is no store\n");
        return 1;
    }
    printf("driver domain: %d kinds of device\n", count);
    thread_sleep_until(THREAD_FOREVER);
    return 0;
}
