/* SPDX-License-Identifier: MIT */
/*
 * domain_debug.c: a debugger's commands over the seam.
 * Owns: nothing; what the hypervisor reads or writes lies in seam buffers (SEAM1).
 * Read next: domain_debug.h.
 */
#include "dom0-tools/libpv/domain_debug.h"

#include <string.h>

#include <public/domctl.h>
#include <public/errno.h>

#include "dom0-tools/libpv/seam.h"

static int call(struct xen_domctl *operation, uint32_t command, uint16_t domid)
{
    operation->cmd = command;
    operation->interface_version = XEN_DOMCTL_INTERFACE_VERSION;
    operation->domain = domid;
    return (int)seam_hypercall(__HYPERVISOR_domctl, (uintptr_t)operation, 0, 0, 0, 0);
}

int domain_debug_attach(uint16_t domid, bool attach)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result = -XEN_ENOMEM;

    if (operation != NULL) {
        operation->u.setdebugging.enable = attach ? 1 : 0;
        result = call(operation, XEN_DOMCTL_setdebugging, domid);
    }
    seam_buffer_put(operation);
    return result;
}

int domain_debug_hold_vcpu(uint16_t domid, uint32_t vcpu, bool hold)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result = -XEN_ENOMEM;

    if (operation != NULL) {
        operation->u.gdbsx_pauseunp_vcpu.vcpu = vcpu;
        result = call(operation, hold ? XEN_DOMCTL_gdbsx_pausevcpu : XEN_DOMCTL_gdbsx_unpausevcpu,
                      domid);
    }
    seam_buffer_put(operation);
    return result;
}

int domain_debug_stopped(uint16_t domid, uint32_t *vcpu, uint32_t *vector)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    const struct xen_domctl_gdbsx_domstatus *status;
    int result = -XEN_ENOMEM;

    if (operation != NULL) {
        status = &operation->u.gdbsx_domstatus;
        result = call(operation, XEN_DOMCTL_gdbsx_domstatus, domid);
        if (result == 0 && status->paused != 0 && status->vcpu_id != ~0u) {
            *vcpu = status->vcpu_id;
            *vector = status->vcpu_ev;
            result = 1;
        }
    }
    seam_buffer_put(operation);
    return result;
}

/* bytes is in a seam buffer. */
static size_t copy(uint16_t domid, uint64_t address, void *bytes, size_t size, bool write)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    struct xen_domctl_gdbsx_memio *io;
    size_t done = 0;

    if (operation != NULL) {
        io = &operation->u.gdbsx_guest_memio;
        io->gva = address;
        io->uva = (uintptr_t)bytes;
        io->len = (uint32_t)size;
        io->gwr = write ? 1 : 0;
        done = call(operation, XEN_DOMCTL_gdbsx_guestmemio, domid) == 0 ? size : 0;
    }
    seam_buffer_put(operation);
    return done;
}

/* Page by page: of a copy that fails the hypervisor gives no count back. */
static size_t copy_pages(uint16_t domid, uint64_t address, uint8_t *bytes, size_t size, bool write)
{
    size_t done = 0;

    while (done < size) {
        size_t room = SEAM_PAGE_SIZE - ((address + done) & (SEAM_PAGE_SIZE - 1));
        size_t part = size - done < room ? size - done : room;

        if (copy(domid, address + done, bytes + done, part, write) == 0) {
            break;
        }
        done += part;
    }
    return done;
}

size_t domain_debug_read(uint16_t domid, uint64_t address, void *bytes, size_t size)
{
    void *buffer = seam_buffer_get(size + 1);
    size_t done = buffer != NULL ? copy_pages(domid, address, buffer, size, false) : 0;

    if (done > 0) {
        memcpy(bytes, buffer, done);
    }
    seam_buffer_put(buffer);
    return done;
}

size_t domain_debug_write(uint16_t domid, uint64_t address, const void *bytes, size_t size)
{
    void *buffer = seam_buffer_get(size + 1);
    size_t done = 0;

    if (buffer != NULL) {
        memcpy(buffer, bytes, size);
        done = copy_pages(domid, address, buffer, size, true);
    }
    seam_buffer_put(buffer);
    return done;
}

static int context_call(uint32_t command, uint16_t domid, uint32_t vcpu,
                        vcpu_guest_context_t *context)
{
    struct xen_domctl *operation = seam_buffer_get(sizeof(*operation));
    int result = -XEN_ENOMEM;

    if (operation != NULL) {
        operation->u.vcpucontext.vcpu = vcpu;
        set_xen_guest_handle(operation->u.vcpucontext.ctxt, context);
        result = call(operation, command, domid);
    }
    seam_buffer_put(operation);
    return result;
}

int domain_debug_get_context(uint16_t domid, uint32_t vcpu, vcpu_guest_context_t *context)
{
    return context_call(XEN_DOMCTL_getvcpucontext, domid, vcpu, context);
}

int domain_debug_set_context(uint16_t domid, uint32_t vcpu, vcpu_guest_context_t *context)
{
    return context_call(XEN_DOMCTL_setvcpucontext, domid, vcpu, context);
}
