/* SPDX-License-Identifier: MIT */
/*
 * What pvctl and the background supervisor say to each other over their UNIX socket: the host
 * channel's own frames (channel_protocol.h), which the supervisor passes on with the session number
 * changed, and the few types below, which stay on the host.
 *
 * A client connects and waits for HELLO, which the supervisor sends once dom0 serves commands; or
 * for LOCAL_FAILED or LOCAL_REFUSED. Then it sends EXEC and its session's frames, always as session 1. LOCAL_STATUS
 * and LOCAL_DOWN may be sent at once.
 */
#ifndef LOCAL_PROTOCOL_H
#define LOCAL_PROTOCOL_H

#define LOCAL_SESSION 1u

enum local_type {
    LOCAL_FAILED = 128, /* to client: u32 exit code, text. The supervisor ends after it */
    LOCAL_STATUS = 129, /* to supervisor: empty. To client: "key value" lines */
    LOCAL_REFUSED =
        131, /* to client: like LOCAL_FAILED, but the machine goes on. The connection ends */
    LOCAL_DOWN = 130, /* to supervisor: empty. To client: the machine is off, state removed */
};

#endif
