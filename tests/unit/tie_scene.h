// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A key server of several groups, and two routers that join them: for tests of
 * what goes over one IKE SA.
 */
#ifndef TIE_SCENE_H
#define TIE_SCENE_H

#include "test_util.h"
#include "world.h"

#define SECOND GIKEV2_SECOND
#define GROUPS 3

/* One router's membership in one group. */
struct seat {
	struct gikev2_member *member;
	struct keytable_row rows[KEYTABLE_ROWS_MAX];
	size_t row_count;
	unsigned int events[GIKEV2_EVENT_MAX];
	int event_err[GIKEV2_EVENT_MAX];
};

struct scene {
	struct world *world;
	struct world_node *ks, *r1, *r2;
	struct gikev2_group *group[GROUPS];
	struct seat seat[2][GROUPS]; /* of r1, r2 */
	unsigned int left[GROUPS];   /* members gone, by reason LEFT */
	int gone_err[GROUPS];
	bool strangers; /* neither side knows the other's Vendor ID */
};

/* By exchange: how many were sent, and the last one. */
extern unsigned int requests[256];
extern struct world_datagram last[256];
/* What counts them: of the world's network, unless a test has another. */
bool on_wire(struct world *world, struct world_datagram *datagram);

/* All of the server's groups are rekeyed by multicast alone, or inband. */
struct scene *setup(uint64_t seed, bool multicast);
/* ... and it and the routers do not know each other's Vendor ID. */
struct scene *setup_strangers(uint64_t seed, bool multicast);
void teardown(struct scene *s);
void serve(struct scene *s, size_t group, bool multicast);

struct gikev2_id group_id(size_t group);
struct gikev2_member_config config_of(const struct scene *s, size_t group);
void join(struct scene *s, size_t router, size_t group);
void leave(struct scene *s, size_t router, size_t group);

/* The server has forgotten everything, groups too. */
void reboot_server(struct scene *s);
/* Goes on serving from what it saved, if it did (`remembers`). */
void resume(struct scene *s, size_t group, bool multicast);

enum gikev2_member_state state_of(const struct seat *seat);
unsigned int members(struct scene *s, size_t group);
uint32_t sas(const struct world_node *node);

/* Every seat that is taken has the keys of its group, and of no other. */
void assert_keyed(struct scene *s);
/* All groups, one after the other in the same instant. */
void roll(struct scene *s);

#endif /* TIE_SCENE_H */
