// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

/* Cache lines of an engine that a message needs that is dropped at once. */
#define ENGINE_LINES 6

static struct sim_node *at_address(struct sim *sim,
				   const struct gikev2_endpoint *address)
{
	uint32_t number = gikev2_get_int(address->ip, 4) & 0xffffff;

	if (address->family != 4 || address->ip[0] != 10 || !number ||
	    number > sim->node_count)
		return NULL;
	return &sim->nodes[number - 1];
}

static bool is_multicast(const struct gikev2_endpoint *address)
{
	return (address->ip[0] & 0xf0) == 0xe0;
}

static void release(struct sim_octets *message)
{
	if (--message->refs == 0)
		free(message);
}

/*
 * Ten thousand engines do not fit into the processor's cache.  Who will be next
 * is known, so what is needed of him is fetched meanwhile.
 */
static void look_ahead(const struct sim_queue *queue)
{
	const struct sim_datagram *far = sim_queue_peek(queue, 8);
	const struct sim_datagram *near = sim_queue_peek(queue, 3);

	if (far)
		__builtin_prefetch(far->to);
	if (!near || !near->to->engine)
		return;
	for (size_t line = 0; line < ENGINE_LINES; line++)
		__builtin_prefetch((char *)near->to->engine + line * 64);
	if (near->to->member)
		__builtin_prefetch(gikev2_member_keks(near->to->member));
}

void sim_network_arrive(struct sim *sim)
{
	struct sim_datagram datagram = sim_queue_take(&sim->network.queue);
	struct sim_node *to = datagram.to;
	const struct gikev2_path *path = &datagram.message->path;

	look_ahead(&sim->network.queue);
	sim->event++;
	/* who was cut off meanwhile does not get what was under way */
	if (!to->engine || to->cut ||
	    (to->spy && !is_multicast(&path->local))) {
		sim->network.cut++;
	} else {
		sim->network.delivered++;
		sim_node_input(to, datagram.message);
	}
	release(datagram.message);
}

static void enqueue(struct sim_node *to, struct sim_octets *message)
{
	struct sim *sim = to->sim;
	const struct sim_datagram datagram = {
		.at = sim->now + sim->weather.delay +
		      sim_below(&sim->network.random, sim->weather.jitter),
		.to = to,
		.message = message,
	};

	message->refs++;
	sim_queue_put(&sim->network.queue, sim->now, &datagram);
}

/* The way from one sender to one receiver. */
static void transmit(struct sim_node *to, struct sim_octets *message)
{
	struct sim *sim = to->sim;

	sim->network.sent++;
	if (to->cut || !to->engine) {
		sim->network.cut++;
		return;
	}
	if (sim_chance(&sim->network.random, sim->weather.loss)) {
		sim->network.lost++;
		return;
	}
	enqueue(to, message);
	if (sim_chance(&sim->network.random, sim->weather.duplication)) {
		sim->network.repeated++;
		enqueue(to, message);
	}
}

static void transmit_all(struct sim *sim, struct sim_octets *message)
{
	for (uint32_t i = 1; i < sim->node_count; i++)
		if (sim->nodes[i].joins > 0)
			transmit(&sim->nodes[i], message);
}

int sim_network_send(struct sim_node *from, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct sim_octets *message;
	struct sim_node *to;

	sim_wire_check(from, octets, len);
	if (from->cut || from->spy)
		return 0; /* as a cable that is not plugged in */
	message = malloc(sizeof(*message) + len);
	assert(message);
	message->refs = 1;
	message->len = len;
	message->path = (struct gikev2_path){ .local = path->remote,
					      .remote = from->address };
	memcpy(message->octets, octets, len);
	to = at_address(from->sim, &path->remote);
	if (to)
		transmit(to, message);
	else if (is_multicast(&path->remote))
		transmit_all(from->sim, message);
	release(message);
	return 0;
}

void sim_network_free(struct sim *sim)
{
	struct sim_queue *queue = &sim->network.queue;

	while (sim_queue_next(queue) != GIKEV2_NEVER)
		release(sim_queue_take(queue).message);
	sim_queue_free(queue);
}
