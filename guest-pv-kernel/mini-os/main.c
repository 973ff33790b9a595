/* SPDX-License-Identifier: MIT */
/*
 * An image without a main of its own begins at app_main(). Read next: ../include/mini-os/kernel.h
 */
#include <mini-os/kernel.h>
#include <mini-os/os.h>

#include "port.h"

int main(void);

int main(void)
{
    mini_os_start();
    (void)app_main(start_info_ptr);
    port_sleep(port_sleeper_new(), UINT64_MAX);
    return 0;
}
