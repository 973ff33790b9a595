/* SPDX-License-Identifier: MIT */
/*
 * A first domain that crashes again and again right after its start is not started for ever.
 *
 * Append: dom0-restart
 * Expect: dom0 crashed 3 times within a second of its start: it is not started again
 * Xen: no
 */
#include <pvk/shutdown.h>

int main(void)
{
    shutdown_crash();
}
