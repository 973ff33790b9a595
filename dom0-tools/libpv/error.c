/* SPDX-License-Identifier: MIT */
/*
 * error.c: the table of error codes, and filling in an error value.
 * Owns: error_kinds, the text behind `pvctl explain`.
 * Invariant ERR1 (error.h).
 * Read next: error.h.
 */
#include "dom0-tools/libpv/error.h"

#include <stdarg.h>
#include <string.h>

static const struct error_kind error_kinds[] = {
    {ERROR_USAGE, EXIT_USAGE, "wrong usage", "see `pvctl help COMMAND`",
     "The command line does not fit the command: an unknown option, a missing or a surplus "
     "argument."},
    {ERROR_UNKNOWN_COMMAND, EXIT_USAGE, "no such command", "`pvctl help` lists the commands",
     "The first word is neither a command nor the beginning of exactly one."},
    {ERROR_AMBIGUOUS_COMMAND, EXIT_USAGE, "ambiguous command", "type one more letter",
     "The first word is the beginning of several commands."},
    {ERROR_NEEDS_MACHINE, EXIT_FAILED, "the machine is needed", "start it with `pvctl up`",
     "This command talks to the hypervisor and cannot be answered without a running machine."},
    {ERROR_INTERNAL, EXIT_FAILED, "internal error",
     "please report it with the command that you typed",
     "A tool found itself in a state that it believes to be impossible."},
    {ERROR_INTERRUPTED, EXIT_FAILED, "interrupted",
     "nothing was left behind; type the command again",
     "The command was cancelled before it finished; what it had begun was undone."},
    {ERROR_NO_SUCH_DOMAIN, EXIT_NO_DOMAIN, "no such domain", "`pvctl list` shows the domains",
     "No domain has this name or id. A domain that has died keeps its logs: `pvctl logs NAME`."},
    {ERROR_NAME_IN_USE, EXIT_REFUSED, "name in use",
     "choose another `name`, or `pvctl destroy` the domain that has it",
     "Every domain has a name of its own; a configuration can be created only once at a time "
     "unless "
     "its name is changed: `pvctl create CFG name=other`."},
    {ERROR_DOMAIN_STATE, EXIT_REFUSED, "the domain's state forbids it", "see `pvctl list`",
     "The domain is in a state in which the request makes no sense: for example it is dying, or it "
     "is the domain that the tools themselves run in."},
    {ERROR_NO_CONSOLE, EXIT_NO_DOMAIN, "no console", "`pvctl list` shows the domains",
     "The console back end knows no console of that domain, neither a live one nor a kept one."},
    {ERROR_NO_SUCH_DEVICE, EXIT_FAILED, "no such device", "`pvctl device NAME` lists them",
     "The domain has no device of that name."},
    {ERROR_CONFIG, EXIT_CONFIG, "error in the configuration", "`pvctl check CFG` shows all errors",
     "A configuration file, or a key=value on the command line, is not understood. Nothing was "
     "created."},
    {ERROR_CONFIG_UNREADABLE, EXIT_CONFIG, "configuration cannot be read", "check the path",
     "The configuration file could not be opened or read."},
    {ERROR_NOT_SERVED, EXIT_CONFIG, "not served", "remove the key",
     "The key or value has a meaning in xl that this toolstack does not serve; it is refused "
     "rather "
     "than ignored."},
    {ERROR_KERNEL_UNREADABLE, EXIT_CONFIG, "kernel image cannot be read",
     "check the path in `kernel`",
     "The file that `kernel` names could not be opened or ended too early."},
    {ERROR_KERNEL_NOT_ELF, EXIT_CONFIG, "kernel image is no 64-bit ELF file",
     "give an x86-64 ELF kernel, or a bzImage that holds one",
     "A paravirtualized domain starts from an ELF64 image for x86-64, plain or compressed: a "
     "bzImage "
     "with an XZ, LZ4 or gzip payload, or an ELF file in gzip."},
    {ERROR_KERNEL_NO_NOTES, EXIT_CONFIG, "kernel has no Xen notes",
     "build the kernel with Xen PV support",
     "A PV kernel says by ELF notes of owner \"Xen\" (or by a __xen_guest section) where it wants "
     "to "
     "be loaded and entered. This image has neither, so it cannot be a PV guest."},
    {ERROR_KERNEL_MALFORMED, EXIT_CONFIG, "kernel image is malformed",
     "build or copy the image again",
     "A header of the image contradicts itself or points outside the file."},
    {ERROR_KERNEL_UNSUPPORTED, EXIT_CONFIG, "kernel demands what is not offered",
     "see the reason given",
     "The image's notes ask for a loader, an interface version or a feature that PV domains here "
     "do not have, or it is compressed by a method that this build does not unpack."},
    {ERROR_RAMDISK_UNREADABLE, EXIT_CONFIG, "ramdisk cannot be read", "check the path in `ramdisk`",
     "The file that `ramdisk` names could not be opened or ended too early."},
    {ERROR_TOO_SMALL, EXIT_CONFIG, "too little memory for the domain", "raise `memory`",
     "The kernel, its ramdisk, the page tables and the first stack do not fit into `memory`."},
    {ERROR_DISK, EXIT_CONFIG, "disk cannot be served", "check the path and its permissions",
     "The file behind a disk could not be opened as asked, or the domain already has a disk of "
     "that "
     "name. Nothing was changed."},
    {ERROR_NO_MEMORY, EXIT_RESOURCES, "not enough free memory",
     "destroy a domain, lower `memory`, or start the machine with more",
     "The machine has too few free frames for this domain. `pvctl info free_memory` prints what is "
     "free, in MiB."},
    {ERROR_TOOL_MEMORY, EXIT_RESOURCES, "the tools are out of memory",
     "end other commands, or give dom0 more memory", "An allocation inside dom0 failed."},
    {ERROR_TOO_MANY, EXIT_RESOURCES, "a limit was reached", "see the reason given",
     "A table of fixed size is full: domains, event channels, or connections."},
    {ERROR_HYPERCALL, EXIT_REFUSED, "the hypervisor refused", "`pvctl dmesg` may say more",
     "A hypercall came back with an error; the message names the operation and the error number."},
    {ERROR_PERMISSION, EXIT_REFUSED, "permission denied", "run it in dom0",
     "The hypervisor allows this operation to the control domain only."},
    {ERROR_STORE, EXIT_REFUSED, "the store refused", "`pvctl xenstore ls` shows its content",
     "A request to xenstore came back with an error."},
    {ERROR_TIMEOUT, EXIT_TIMEOUT, "timed out", "raise --timeout, or look at `pvctl logs NAME`",
     "What the command waited for did not happen in time. Nothing was undone."},
    {ERROR_GUEST_CRASHED, EXIT_GUEST_CRASHED, "the guest crashed",
     "`pvctl logs NAME` shows its console",
     "The domain's kernel reported a crash, or did something that left the hypervisor no other "
     "choice than to stop it."},
    {ERROR_GUEST_FAILED, EXIT_GUEST_FAILED, "the guest's program failed", "`pvctl logs NAME`",
     "The program in the guest ended with a status other than 0."},
};

/* Xen's errno numbers: the part of them that hypercalls answer with. */
static const struct {
    int number;
    const char *name;
    const char *words;
} errno_words[] = {
    {1, "EPERM", "not permitted"},
    {2, "ENOENT", "does not exist"},
    {3, "ESRCH", "no such domain"},
    {4, "EINTR", "interrupted"},
    {5, "EIO", "input/output error"},
    {6, "ENXIO", "no such device or address"},
    {7, "E2BIG", "too long"},
    {9, "EBADF", "bad descriptor"},
    {11, "EAGAIN", "try again"},
    {12, "ENOMEM", "out of memory"},
    {13, "EACCES", "access denied, or another interface version"},
    {14, "EFAULT", "bad address"},
    {16, "EBUSY", "busy"},
    {17, "EEXIST", "exists already"},
    {19, "ENODEV", "no such device"},
    {20, "ENOTDIR", "not a directory"},
    {21, "EISDIR", "is a directory"},
    {22, "EINVAL", "invalid argument"},
    {23, "ENFILE", "too many open files"},
    {28, "ENOSPC", "no space left"},
    {30, "EROFS", "read-only"},
    {34, "ERANGE", "out of range"},
    {38, "ENOSYS", "not implemented"},
    {39, "ENOTEMPTY", "not empty"},
    {95, "EOPNOTSUPP", "not supported"},
    {110, "ETIMEDOUT", "timed out"},
};

const struct error_kind *error_kind_at(size_t index)
{
    return index < sizeof(error_kinds) / sizeof(error_kinds[0]) ? &error_kinds[index] : NULL;
}

const struct error_kind *error_kind_find(enum error_code code)
{
    const struct error_kind *kind;

    for (size_t i = 0; (kind = error_kind_at(i)) != NULL; i++) {
        if (kind->code == code) {
            return kind;
        }
    }
    return NULL;
}

int error_set(struct error *error, enum error_code code, const char *format, ...)
{
    va_list arguments;

    if (error->code != ERROR_NONE) {
        return -1;
    }
    error->code = code;
    error->why[0] = '\0';
    error->hint[0] = '\0';
    va_start(arguments, format);
    vsnprintf(error->what, sizeof(error->what), format, arguments);
    va_end(arguments);
    return -1;
}

int error_why(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (error->why[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(error->why, sizeof(error->why), format, arguments);
        va_end(arguments);
    }
    return -1;
}

int error_hint(struct error *error, const char *format, ...)
{
    va_list arguments;

    if (error->hint[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(error->hint, sizeof(error->hint), format, arguments);
        va_end(arguments);
    }
    return -1;
}

int error_about(struct error *error, const char *name)
{
    char what[ERROR_TEXT_SIZE];

    snprintf(what, sizeof(what), "'%.120s': %.120s", name, error->what);
    memcpy(error->what, what, sizeof(what));
    return -1;
}

void error_describe_errno(long result, char *text, size_t size)
{
    for (size_t i = 0; i < sizeof(errno_words) / sizeof(errno_words[0]); i++) {
        if (errno_words[i].number == -result) {
            snprintf(text, size, "%s (%s, %ld)", errno_words[i].words, errno_words[i].name, result);
            return;
        }
    }
    snprintf(text, size, "error %ld", result);
}

static enum error_code code_of_errno(long result)
{
    switch (result) {
    case -1:
    case -13:
        return ERROR_PERMISSION;
    case -3:
        return ERROR_NO_SUCH_DOMAIN;
    case -12:
        return ERROR_NO_MEMORY;
    case -28:
        return ERROR_TOO_MANY;
    default:
        return ERROR_HYPERCALL;
    }
}

int error_hypercall(struct error *error, long result, const char *format, ...)
{
    va_list arguments;

    if (error->code != ERROR_NONE) {
        return -1;
    }
    error->code = code_of_errno(result);
    error->hint[0] = '\0';
    va_start(arguments, format);
    vsnprintf(error->what, sizeof(error->what), format, arguments);
    va_end(arguments);
    error_describe_errno(result, error->why, sizeof(error->why));
    return -1;
}

enum exit_status error_print(const struct error *error, FILE *stream)
{
    const struct error_kind *kind = error_kind_find(error->code);
    const char *hint = error->hint[0] != '\0' ? error->hint : kind != NULL ? kind->hint : "";

    fprintf(stream, "pvctl: %s%s%s [PV-E%04d]\n", error->what, error->why[0] != '\0' ? ": " : "",
            error->why, (int)error->code);
    if (hint[0] != '\0') {
        fprintf(stream, "  what to do: %s\n", hint);
    }
    return kind != NULL ? kind->status : EXIT_FAILED;
}
