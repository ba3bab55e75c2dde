// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * NAT traversal of IKE SAs (RFC 7296 section 2.23, RFC 3948).
 *
 * Where a NAT stands between the two, the initiator moves on to the NAT-T
 * ports, if both sides have one.  Who is behind the NAT keeps its mapping
 * alive; who is not sends to where the other was last heard from.
 */
#ifndef GIKEV2_NAT_H
#define GIKEV2_NAT_H

#include "gikev2/gikev2_int.h"

/* Who is behind a NAT. */
enum gikev2_nat {
	GIKEV2_NAT_SELF = 1 << 0,
	GIKEV2_NAT_PEER = 1 << 1,
};

/* The framing of datagrams through the NAT-T port (RFC 3948 section 2). */
/* The message behind its marker; good until the next one is framed. */
struct gikev2_chunk gikev2_nat_frame(struct gikev2 *engine,
				     struct gikev2_chunk message);
/* gikev2_nat_unframe(): nothing but a sign of life for the NAT. */
#define GIKEV2_KEEPALIVE 1
/* 0: *datagram is now the message alone; GIKEV2_KEEPALIVE; or -NOT_IKE. */
int gikev2_nat_unframe(struct gikev2_chunk *datagram);

/* Initiator: adds NAT_DETECTION_* to the IKE_SA_INIT request. */
int gikev2_nat_offer(struct gikev2_ike *ike, struct gikev2_payloads *tx);
/* ... and looks at those of the response; ike->path may be another then. */
int gikev2_nat_answered(struct gikev2_ike *ike, const struct gikev2_rx *rx);
/* Responder: looks at those of the request, adds its own to the answer. */
int gikev2_nat_asked(struct gikev2_ike *ike, const struct gikev2_rx *rx,
		     struct gikev2_payloads *tx);

/* What an heir takes over from the SA before it. */
int gikev2_nat_inherit(struct gikev2_ike *heir, const struct gikev2_ike *old);

/* A message that is fresh and authentic came by rx->path. */
void gikev2_nat_follow(struct gikev2_ike *ike, const struct gikev2_rx *rx);

/* Keepalives begin, where they are needed. */
void gikev2_nat_keep_alive(struct gikev2_ike *ike, uint64_t now);
void gikev2_nat_fini(struct gikev2_ike *ike);

#endif /* GIKEV2_NAT_H */
