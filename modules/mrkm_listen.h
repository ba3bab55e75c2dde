// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef MRKM_LISTEN_H
#define MRKM_LISTEN_H

#include <stdbool.h>
#include <sys/socket.h>

/*
 * Lets as many clients wait at this process's socket that listens at `address`
 * as the kernel allows, so that it can connect to itself.  False: there is none.
 */
bool mrkm_listen_widen(const struct sockaddr *address, socklen_t len);

#endif /* MRKM_LISTEN_H */
