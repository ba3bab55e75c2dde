// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Strangers have a socket of their own.
 */
#ifndef MRKM_STRANGERS_H
#define MRKM_STRANGERS_H

#include <stdbool.h>

/* Places among the sockets of one address and port, in the order of bind(). */
#define MRKM_STRANGERS_FIRST 0
#define MRKM_MEMBERS_NEXT 1

/*
 * Of two UDP sockets with SO_REUSEPORT that are bound to the same address and
 * port, the first one gets messages without a responder's SPI, which begin an
 * IKE SA (RFC 7296 section 3.1), and what is none; the second one gets all
 * others.  `fd`: the first one, bound; `natt`: the port is that of NAT-T, and
 * messages begin with the Non-ESP Marker (RFC 7296 section 2.23).
 *
 * 0, or -1 with errno: the kernel cannot do it, and would give each socket some
 * of both.
 */
int mrkm_strangers_apart(int fd, bool natt);

#endif /* MRKM_STRANGERS_H */
