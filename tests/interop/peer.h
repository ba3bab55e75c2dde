// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The engine as a program, with sockets and a clock and no FRR, to be put in
 * front of other people's IKEv2.  Arguments say what it is, lines on standard
 * input what it does, lines of JSON on standard output what becomes of it.
 */
#ifndef PEER_H
#define PEER_H

#include <stdio.h>

#include "gikev2/gikev2_int.h"
#include "gikev2/gikev2_cert.h"
#include "gikev2/gikev2_keylog.h"
#include "gikev2/gikev2_store.h"

#define PEER_CREDENTIALS_MAX 4

/* One UDP socket: bound to our address, or to a multicast group. */
struct peer_socket {
	int fd;
	struct gikev2_endpoint local;
};

enum {
	PEER_IKE,
	PEER_NAT,
	PEER_MULTICAST,
	PEER_SOCKETS
};

struct peer {
	struct gikev2 *engine;
	struct gikev2_member *member;
	struct gikev2_group *group;
	struct peer_socket sockets[PEER_SOCKETS];
	bool quit;

	/* what the arguments say */
	struct gikev2_params params;
	struct gikev2_endpoint local;
	struct gikev2_id identity;
	struct gikev2_secret psk;
	uint8_t own, others; /* GIKEV2_BY_* */
	const char *key_uri;
	struct gikev2_credential *credentials[PEER_CREDENTIALS_MAX];
	size_t credential_count;
	struct gikev2_anchors *anchors;
	struct gikev2_member_config member_config;
	struct gikev2_group_config group_config;
	struct gikev2_key *sign_key;
	FILE *keylog;
	const char *keys_path;
};

/* Says why on standard error, and ends the program. */
__attribute__((noreturn, format(printf, 1, 2))) void
peer_die(const char *format, ...);

uint64_t peer_now(void);

/* peer_args.c: takes all of the arguments, each one NAME=VALUE. */
void peer_take_arguments(struct peer *peer, int argc, char **argv);
/* "192.0.2.1", "2001:db8::1" */
void peer_parse_address(const char *text, struct gikev2_endpoint *endpoint);

/* peer_net.c */
void peer_open_sockets(struct peer *peer);
int peer_output(void *arg, const struct gikev2_path *path,
		const uint8_t *octets, size_t len);
void peer_multicast(void *arg, void *cookie,
		    const struct gikev2_endpoint *group,
		    const struct gikev2_endpoint *source, bool join);
void peer_read(struct peer *peer, struct peer_socket *socket);

/* peer_report.c: lines of JSON */
void peer_report_event(const struct gikev2_event *event);
/* The group's keys, octets and all, into the file that the arguments name. */
void peer_report_keys(const struct peer *peer, const struct keytable_row *rows,
		      size_t count);
/* Names of what is dropped; nothing for 0. */
void peer_report_drop(int err);
/* All SAs, the member and its keys' numbers, the group, the counters. */
void peer_report_status(const struct peer *peer);
/* The status, but only if the SAs or the member are not as they were. */
void peer_report_changes(const struct peer *peer);

#endif /* PEER_H */
