// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one router knows of its keys.  Nothing of what is common to all changes
 * here: that is told in the log, and sim_keys.c looks at it in order.
 */
#include <stddef.h>
#include <string.h>

#include "gikev2/gikev2_group.h"
#include "sim.h"

/* --------------------------------------------------------------- the server */

static void tell_roll(struct sim_group *group)
{
	struct sim_node *server = &group->sim->nodes[0];
	struct gikev2_group_status status;
	struct sim_roll *roll;
	size_t len;

	gikev2_group_get_status(group->group, sim_now(group->sim, server),
				&status);
	len = status.row_count * sizeof(status.rows[0]);
	roll = sim_log_add(server, SIM_ROLLED, sizeof(*roll) + len);
	*roll = (struct sim_roll){ .group = group, .status = status };
	memcpy(roll + 1, status.rows, len);
}

void sim_holds_roll(struct sim_group *group)
{
	const struct gikev2_generation *gen;
	struct sim_delay_note *note;
	struct sim_delays delays;

	if (group->rolled)
		tell_roll(group);
	group->rolled = false;
	gen = gikev2_youngest(gikev2_group_generations(group->group));
	delays = (struct sim_delays){ gen->number, gen->atd_end,
				      gikev2_generation_dtd_end(gen) };
	if (memcmp(&delays, &group->told, sizeof(delays)) == 0)
		return;
	group->told = delays;
	note = sim_log_add(&group->sim->nodes[0], SIM_DELAYS, sizeof(*note));
	*note = (struct sim_delay_note){ group, delays };
}

/* ------------------------------------------------------------------- members */

void sim_holds_deliver(struct sim_node *node, const struct keytable_row *rows,
		       size_t count)
{
	struct sim_holds *live = &node->live;
	struct sim *sim = node->sim;

	node->deliveries++;
	live->delivered = true;
	live->count = 0;
	SIM_CHECK(sim, node, count <= SIM_HOLDS_MAX, "holds %zu keys", count);
	for (size_t i = 0; i < count && i < SIM_HOLDS_MAX; i++) {
		struct sim_key *key = sim_keys_find(sim, &rows[i]);

		SIM_CHECK(sim, node, key,
			  "has a key that no server made, ID %u", rows[i].id);
		if (!key)
			continue;
		SIM_CHECK(
			sim, node,
			!node->excluded ||
				key->generation->ordinal <= node->excluded,
			"is excluded and knows a key that was made later, ID %u",
			rows[i].id);
		live->holds[live->count++] = (struct sim_hold){
			.key = key,
			.accept_start = rows[i].accept_start,
			.accept_end = rows[i].accept_end,
			.send_start = rows[i].send_start,
			.send_end = rows[i].send_end,
		};
	}
	/* sim_holds_look() is next */
}

uint64_t sim_holds_next(const struct sim_node *node)
{
	uint64_t now = sim_now(node->sim, node), next = GIKEV2_NEVER;

	for (size_t i = 0; i < node->live.count; i++) {
		const struct sim_hold *hold = &node->live.holds[i];
		const uint64_t at[] = { hold->accept_start, hold->accept_end,
					hold->send_start, hold->send_end };

		for (size_t j = 0; j < sizeof(at) / sizeof(at[0]); j++)
			if (at[j] > now && at[j] < next)
				next = at[j];
	}
	return next;
}

const struct sim_hold *sim_keys_sender(const struct sim_holds *holds,
				       uint8_t protocol)
{
	for (size_t i = 0; i < holds->count; i++)
		if (holds->holds[i].sends &&
		    holds->holds[i].key->protocol == protocol)
			return &holds->holds[i];
	return NULL;
}

/* One key to send with, if there is any to accept. */
static void check_windows(struct sim_node *node)
{
	const struct gikev2_group_config *config = &node->group->config;

	for (size_t i = 0; i < config->protocol_count; i++) {
		uint8_t protocol = config->protocols[i].protocol;
		size_t senders = 0, acceptors = 0;

		for (size_t j = 0; j < node->live.count; j++) {
			const struct sim_hold *hold = &node->live.holds[j];

			if (hold->key->protocol != protocol)
				continue;
			senders += hold->sends;
			acceptors += hold->accepts;
		}
		SIM_CHECK(node->sim, node, senders == (acceptors > 0),
			  "protocol %u: accepts %zu keys, sends with %zu",
			  protocol, acceptors, senders);
	}
}

static bool within(uint64_t start, uint64_t now, uint64_t end)
{
	return start <= now && now < end;
}

/* True: it uses other keys than before. */
static bool look_at_clock(struct sim_node *node)
{
	uint64_t now = sim_now(node->sim, node);
	bool changed = false;

	for (size_t i = 0; i < node->live.count; i++) {
		struct sim_hold *hold = &node->live.holds[i];
		bool accepts =
			within(hold->accept_start, now, hold->accept_end);
		bool sends = within(hold->send_start, now, hold->send_end);

		changed |= accepts != hold->accepts || sends != hold->sends;
		hold->accepts = accepts;
		hold->sends = sends;
	}
	return changed;
}

/*
 * Who is in standing and does as before breaks no promise that was kept: it is
 * not said again.  Whether it still is in standing is not known once it has said
 * something in this window.
 */
void sim_holds_look(struct sim_node *node)
{
	struct sim_holds *live = &node->live;
	bool changed = look_at_clock(node);
	size_t size = offsetof(struct sim_holds, holds) +
		      live->count * sizeof(live->holds[0]);

	check_windows(node);
	if (!changed && !live->delivered && node->settled && !node->told)
		return;
	memcpy(sim_log_add(node, SIM_HELD, size), live, size);
	live->delivered = false;
	node->told = true;
}
