/* SPDX-License-Identifier: MIT */
/*
 * Which domain we are. No hypercall says so outright; the status of an unbound port does, when the
 * port was offered to ourselves.
 */
#include <public/xen.h>
#include <public/event_channel.h>
#include <pvk/hypercall.h>
#include <pvk/start.h>

uint16_t start_domid(void)
{
    static uint16_t domid = DOMID_INVALID;
    struct evtchn_alloc_unbound alloc = {.dom = DOMID_SELF, .remote_dom = DOMID_SELF};
    struct evtchn_status status = {.dom = DOMID_SELF};
    struct evtchn_close close = {0};

    if (domid != DOMID_INVALID || hypercall_event_channel_op(EVTCHNOP_alloc_unbound, &alloc) != 0) {
        return domid;
    }
    status.port = close.port = alloc.port;
    if (hypercall_event_channel_op(EVTCHNOP_status, &status) == 0 &&
        status.status == EVTCHNSTAT_unbound) {
        domid = status.u.unbound.dom;
    }
    (void)hypercall_event_channel_op(EVTCHNOP_close, &close);
    return domid;
}
