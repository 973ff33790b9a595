/* SPDX-License-Identifier: MIT */
/*
 * dom0: starts the store, the devices and the back ends, then a script or the shell.
 *
 * Arguments (from the command line of the boot module):
 *   script=PATH   run the commands in PATH, then switch the machine off with their status
 *   seed=N        what $SEED stands for in the script
 *   report=PORT   tell a program how the script goes, through that I/O port (script_report.h)
 *   limit=SECONDS end a script that takes longer
 *   share=off     do not look for the user's files (virtio-9p)
 *   channel=off   do not look for the host channel (virtio-serial)
 *   restart=N     the hypervisor would start dom0 again when it crashes, and has done so N times
 *   network=off   do not look for the network card (virtio-net): guests reach each other only
 * An exact run (a script under -icount) gives share=off channel=off network=off: nothing then comes from outside.
 *
 * Owns: the order of starting. Each part that is missing is reported and left out.
 * Read next: channel_server.c, terminal.c.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <build_id.h>
#include <pvk/device.h>
#include <pvk/file.h>
#include <pvk/shutdown.h>
#include <pvk/time.h>
#include <pvk/xenbus.h>

#include "channel_server.h"
#include "dom0-tools/backends/block_backend.h"
#include "dom0-tools/backends/console_backend.h"
#include "dom0-tools/backends/net_backend.h"
#include "dom0-tools/libpv/keep.h"
#include "dom0-tools/libpv/seam.h"
#include "dom0-tools/pvctl/keeper.h"
#include "dom0-tools/xenstored/xenstored.h"
#include "guest-pv-kernel/drivers/p9_filesystem.h"
#include "guest-pv-kernel/drivers/pci.h"
#include "guest-pv-kernel/drivers/virtio_9p.h"
#include "guest-pv-kernel/drivers/virtio_block.h"
#include "script.h"
#include "takeover.h"
#include "terminal.h"

struct options {
    struct script_options script;
    bool share;
    bool channel;
    bool network;
    int restarts; /* negative: a crash ends the machine */
};

static struct options parse_options(int argc, char **argv)
{
    struct options options = {.share = true, .channel = true, .network = true, .restarts = -1};

    for (int i = 1; i < argc; i++) {
        if (strncmp(argv[i], "script=", 7) == 0) {
            options.script.path = argv[i] + 7;
        } else if (strncmp(argv[i], "seed=", 5) == 0) {
            options.script.seed = argv[i] + 5;
        } else if (strncmp(argv[i], "report=", 7) == 0) {
            options.script.report_port = (uint16_t)strtoul(argv[i] + 7, NULL, 0);
        } else if (strncmp(argv[i], "limit=", 6) == 0) {
            options.script.limit_ns = strtoull(argv[i] + 6, NULL, 10) * TIME_SECOND_NS;
        } else if (strcmp(argv[i], "share=off") == 0) {
            options.share = false;
        } else if (strcmp(argv[i], "channel=off") == 0) {
            options.channel = false;
        } else if (strcmp(argv[i], "network=off") == 0) {
            options.network = false;
        } else if (strncmp(argv[i], "restart=", 8) == 0) {
            options.restarts = atoi(argv[i] + 8);
        } else {
            printf("dom0: ignoring the unknown argument '%s'\n", argv[i]);
        }
    }
    return options;
}

static int mount_share(void)
{
    static struct p9_client client;
    struct p9_transport *transport;
    int result = virtio_9p_open("share", &transport);

    if (result == 0) {
        result = p9_client_start(&client, transport, "");
    }
    return result < 0 ? result : p9_filesystem_mount("/share", &client);
}

static void report(const char *what, int result)
{
    if (result < 0) {
        printf("dom0: %s: %s\n", what, result == -ENODEV ? "none" : strerror(-result));
    }
}

static void start_devices(const struct options *options)
{
    bool any = options->share || options->channel || options->network;
    int result = any ? pci_init() : 0;

    if (result < 0) {
        report("no access to devices", result);
        return;
    }
    if (any) {
        report("disks of the machine", virtio_block_start());
    }
    if (options->share) {
        report("share of the user's files", mount_share());
    }
}

/* Back ends that registered themselves (DEVICE_DRIVER), if any was linked in, have a connection to the
 * store of their own. */
static int start_registered_back_ends(void)
{
    int descriptor, result = device_start();

    if (result != -ENODEV) {
        return result;
    }
    descriptor = seam_store_connect();
    if (descriptor < 0) {
        return -ENODEV;
    }
    xenbus_set_default(xenbus_open(file_get(file_of_descriptor(descriptor))));
    return device_start();
}

int main(int argc, char **argv)
{
    struct options options = parse_options(argc, argv);

    report("nothing will survive a crash of dom0", keep_start(options.restarts));
    report("no store", xenstored_start());
    keeper_restore();
    start_devices(&options); /* before the back ends, which may have files there to open again */
    console_backend_start();
    block_backend_start();
    net_backend_start(options.network);
    report("back ends that were added", start_registered_back_ends());
    takeover_guests();
    if (options.channel) {
        report("channel to the host", channel_server_start(BUILD_ID));
    }
    if (options.script.path != NULL) {
        int status = script_run(&options.script);
        printf("dom0: the script ended with status %d\n", status);
        shutdown_poweroff(status);
    }
    printf("dom0 is up. `help` lists the commands.\n");
    terminal_run();
}
