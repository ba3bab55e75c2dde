// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What happens to them: incidents at random instants, by the weather.
 */
#include <inttypes.h>
#include <stdlib.h>

#include "sim.h"

/* How long the longest of an incident's kind lasts, in seconds. */
#define DOWN_MAX 120
#define CUT_MAX 400
#define ALL_CUT_MAX 90
#define SERVER_DOWN_MAX 600
#define EXCLUDED_MAX 3600
#define AWAY_MAX 600

static const char *const texts[SIM_INCIDENTS] = {
	[SIM_MEMBERS_CRASH] = "members crash",
	[SIM_MEMBERS_CUT] = "members cut off",
	[SIM_ALL_CUT] = "server cut off",
	[SIM_SERVER_CRASH] = "server crashes",
	[SIM_EXCLUSION] = "exclusions",
	[SIM_ROLL] = "rolls by command",
	[SIM_CLEAR] = "registrations cleared",
	[SIM_REREGISTER] = "registrations by command",
	[SIM_LEAVE] = "members leave",
};

/* Out of a hundred incidents, about. */
static const uint32_t shares[SIM_INCIDENTS] = {
	[SIM_MEMBERS_CRASH] = 24, [SIM_MEMBERS_CUT] = 24, [SIM_ALL_CUT] = 8,
	[SIM_SERVER_CRASH] = 2,	  [SIM_EXCLUSION] = 10,	  [SIM_ROLL] = 8,
	[SIM_CLEAR] = 6,	  [SIM_REREGISTER] = 8,	  [SIM_LEAVE] = 10,
};

const char *sim_incident_text(enum sim_incident incident)
{
	return texts[incident];
}

/* Short ones more often than long ones. */
static uint64_t some_time(struct sim *sim, uint32_t seconds_max)
{
	uint64_t span = sim_below(&sim->fate, seconds_max * GIKEV2_SECOND);

	return GIKEV2_SECOND + span * sim_below(&sim->fate, 1000) / 1000;
}

static struct sim_node *some_member(struct sim *sim)
{
	return &sim->nodes[1 + sim_below(&sim->fate, sim->node_count - 1)];
}

/* ---------------------------------------------------------------- incidents */

static void crash(struct sim *sim, struct sim_node *node, uint32_t seconds_max)
{
	/* a spy, or who is excluded, comes back when it is reinstated */
	if (node->excluded)
		return;
	sim_node_crash(node);
	gikev2_timer_set(&sim->timers, &node->boot,
			 sim->now + some_time(sim, seconds_max));
}

static void cut(struct sim *sim, struct sim_node *node, uint32_t seconds_max)
{
	sim_trace(sim, node, "is cut off");
	node->cut = true;
	gikev2_timer_set(&sim->timers, &node->mend,
			 sim->now + some_time(sim, seconds_max));
}

static void leave(struct sim *sim, struct sim_node *node)
{
	if (node->excluded)
		return;
	sim_node_leave(node);
	gikev2_timer_set(&sim->timers, &node->boot,
			 sim->now + some_time(sim, AWAY_MAX));
}

static void reregister(struct sim_node *node)
{
	struct sim_account *before = sim_memory_of(sim_account(node));

	if (node->member)
		gikev2_member_reregister(node->member, node->sim->now);
	sim_memory_of(before);
	if (node->engine)
		sim_node_called(node);
}

static void clear(struct sim_node *node)
{
	struct sim_node *server = &node->sim->nodes[0];
	struct sim_account *before = sim_memory_of(sim_account(server));

	if (server->engine)
		gikev2_group_end_member(node->group->group, &node->identity,
					-GIKEV2_ERR_ADMIN, node->sim->now);
	sim_memory_of(before);
	if (server->engine)
		sim_node_called(server);
}

/* Some take it as they should, others cut the wire and listen on. */
static void exclude(struct sim *sim, struct sim_node *node)
{
	struct sim_node *server = &sim->nodes[0];
	struct sim_account *before;

	if (!server->engine || node->excluded)
		return;
	sim_trace(sim, node, "is excluded");
	sim_keys_leave(node);
	node->late = false;
	node->authorized = false;
	node->excluded = node->group->youngest->ordinal;
	node->spy = sim_chance(&sim->fate, 500);
	sim->results.spies += node->spy;
	before = sim_memory_of(sim_account(server));
	gikev2_group_exclude(node->group->group, &node->identity, sim->now);
	sim_memory_of(before);
	sim_node_called(server);
	gikev2_timer_set(&sim->timers, &node->boot,
			 sim->now + some_time(sim, EXCLUDED_MAX));
}

static void roll(struct sim *sim)
{
	struct sim_node *server = &sim->nodes[0];
	struct sim_group *group = &sim->groups[sim_below(&sim->fate, 2)];
	struct sim_account *before = sim_memory_of(sim_account(server));

	if (server->engine)
		gikev2_group_rekey(group->group, sim->now);
	sim_memory_of(before);
	if (server->engine)
		sim_node_called(server);
}

static void strike(struct sim *sim, enum sim_incident incident,
		   struct sim_node *node)
{
	switch (incident) {
	case SIM_MEMBERS_CRASH:
		crash(sim, node, DOWN_MAX);
		break;
	case SIM_MEMBERS_CUT:
		cut(sim, node, CUT_MAX);
		break;
	case SIM_ALL_CUT:
		cut(sim, &sim->nodes[0], ALL_CUT_MAX);
		break;
	case SIM_SERVER_CRASH:
		crash(sim, &sim->nodes[0], SERVER_DOWN_MAX);
		break;
	case SIM_EXCLUSION:
		exclude(sim, node);
		break;
	case SIM_ROLL:
		roll(sim);
		break;
	case SIM_CLEAR:
		clear(node);
		break;
	case SIM_REREGISTER:
		reregister(node);
		break;
	case SIM_LEAVE:
		leave(sim, node);
		break;
	case SIM_INCIDENTS:
		break;
	}
}

static bool hits_members(enum sim_incident incident)
{
	return incident == SIM_MEMBERS_CRASH || incident == SIM_MEMBERS_CUT ||
	       incident == SIM_CLEAR || incident == SIM_REREGISTER ||
	       incident == SIM_LEAVE;
}

static enum sim_incident draw(struct sim *sim)
{
	uint32_t roll = sim_below(&sim->fate, 100), incident = 0;

	while (roll >= shares[incident])
		roll -= shares[incident++];
	return incident;
}

static void next_incident(struct sim *sim)
{
	uint64_t gap = sim->weather.incident_gap * GIKEV2_SECOND;

	gikev2_timer_set(&sim->timers, &sim->incident,
			 sim->now + gap / 2 + sim_below(&sim->fate, gap));
}

static void incident_fire(void *owner, uint64_t now)
{
	struct sim *sim = owner;
	enum sim_incident incident = draw(sim);
	uint64_t crowd = 1;

	(void)now;
	sim->counts.events++;
	if (hits_members(incident))
		crowd += sim_below(&sim->fate, sim->node_count) *
			 sim->weather.crowd / 1000;
	sim->results.incidents[incident]++;
	sim_trace(sim, NULL, "%s: %" PRIu64, sim_incident_text(incident),
		  crowd);
	while (crowd--)
		strike(sim, incident, some_member(sim));
	next_incident(sim);
}

/* ------------------------------------------------------------ begin and end */

/* All routers of a big network do not start in one second. */
void sim_plan_start(struct sim *sim)
{
	uint64_t spread = (5 + sim->node_count / 100) * GIKEV2_SECOND;

	if (gikev2_timer_init(&sim->timers, &sim->incident, incident_fire,
			      sim) < 0)
		abort();
	sim_node_boot(&sim->nodes[0]);
	for (uint32_t i = 1; i < sim->node_count; i++)
		gikev2_timer_set(&sim->timers, &sim->nodes[i].boot,
				 sim->now + sim_below(&sim->fate, spread));
	next_incident(sim);
}

/*
 * Everybody is there and can talk, then everybody leaves.  Who was rekeyed by
 * multicast has no IKE SA to say it over: the operator clears those.
 */
void sim_plan_end(struct sim *sim)
{
	gikev2_timer_set(&sim->timers, &sim->incident, GIKEV2_NEVER);
	for (uint32_t i = 0; i < sim->node_count; i++) {
		struct sim_node *node = &sim->nodes[i];

		gikev2_timer_set(&sim->timers, &node->boot, GIKEV2_NEVER);
		gikev2_timer_set(&sim->timers, &node->mend, GIKEV2_NEVER);
		node->cut = false;
	}
	sim_node_boot(&sim->nodes[0]);
	for (uint32_t i = 1; i < sim->node_count; i++) {
		if (sim->nodes[i].excluded)
			sim_node_crash(&sim->nodes[i]);
		else
			sim_node_leave(&sim->nodes[i]);
	}
}

void sim_plan_clear(struct sim *sim)
{
	for (uint32_t i = 1; i < sim->node_count; i++)
		if (sim->nodes[i].group->multicast)
			clear(&sim->nodes[i]);
}
