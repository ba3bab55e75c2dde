// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Any number of group members in one engine, for benchmarks and the load
 * generator.  They differ in their identities, and the engine has one: it is set
 * for each datagram to that of the member it is for, which is found by the SPI.
 * What members send from is not a matter of the engine's here: path.local only
 * tells who it was.
 */
#ifndef CROWD_H
#define CROWD_H

#include "gikev2/gikev2.h"

struct crowd;

struct crowd_config {
	uint32_t count;
	const char *identity;	     /* FQDN with one %u */
	const char *group;	     /* IDg, as ID_KEY_ID */
	struct gikev2_secret secret; /* of all of them */
	struct gikev2_endpoint server;
	struct gikev2_params params;
	/* no group: IKE SAs by IKE_AUTH, with a peer that need not know RFC 9838 */
	bool ike_only;
	/* 0, or negative: lost */
	int (*send)(void *arg, uint32_t member, const uint8_t *octets,
		    size_t len);
	/* a member registered, was rekeyed, failed ...; may be NULL */
	void (*event)(void *arg, uint32_t member,
		      const struct gikev2_event *event);
	void *arg;
};

struct crowd_totals {
	uint32_t started, registered; /* members, now */
	uint64_t registrations, failures, rekeys, lost;
	uint64_t reasons[GIKEV2_ERR_MAX]; /* of the failures */
};

/* NULL: out of memory, or an identity without %u. */
struct crowd *crowd_new(const struct crowd_config *config);
void crowd_free(struct crowd *crowd);

/* Starts a member's registration; 0, or -1 out of memory. */
int crowd_start(struct crowd *crowd, uint32_t member, uint64_t now);
/* Leaves the group. */
void crowd_stop(struct crowd *crowd, uint32_t member, uint64_t now);

void crowd_input(struct crowd *crowd, const uint8_t *octets, size_t len,
		 uint64_t now);
void crowd_expire(struct crowd *crowd, uint64_t now);
uint64_t crowd_next(const struct crowd *crowd);

const struct crowd_totals *crowd_totals(const struct crowd *crowd);
struct gikev2 *crowd_engine(struct crowd *crowd);

/* Microseconds that registrations took, so far, in any order. */
const uint32_t *crowd_latencies(const struct crowd *crowd, size_t *count);

/*
 * Makes an IKE_SA_INIT request that nothing will follow, in which SPI, nonce and
 * public value are random.  Its length; 0: there is none.
 */
size_t crowd_bogus(struct crowd *crowd, uint8_t *octets, size_t size,
		   uint64_t now);

#endif /* CROWD_H */
