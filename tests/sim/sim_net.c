// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The network.
 */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim.h"

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

static struct sim_datagram *take(struct sim *sim)
{
	struct sim_datagram *datagram = sim->network.unused;

	if (datagram) {
		sim->network.unused = datagram->next;
		return datagram;
	}
	datagram = calloc(1, sizeof(*datagram));
	assert(datagram);
	datagram->sim = sim;
	return datagram;
}

static void arrive(void *owner, uint64_t now)
{
	struct sim_datagram *datagram = owner;
	struct sim *sim = datagram->sim;
	struct sim_node *to = datagram->to;
	struct sim_octets *message = datagram->message;
	struct gikev2_path path = datagram->path;

	(void)now;
	gikev2_timer_fini(&sim->timers, &datagram->timer);
	datagram->next = sim->network.unused;
	sim->network.unused = datagram;
	sim->network.in_flight--;
	sim->event++;
	/* who was cut off meanwhile does not get what was under way */
	if (!to->engine || to->cut || (to->spy && !is_multicast(&path.local))) {
		sim->network.cut++;
	} else {
		sim->network.delivered++;
		sim_node_input(to, &path, message);
	}
	release(message);
}

static void enqueue(struct sim_node *to, const struct gikev2_path *path,
		    struct sim_octets *message)
{
	struct sim *sim = to->sim;
	struct sim_network *network = &sim->network;
	struct sim_datagram *datagram = take(sim);

	datagram->to = to;
	datagram->path = *path;
	datagram->message = message;
	message->refs++;
	if (gikev2_timer_init(&sim->timers, &datagram->timer, arrive,
			      datagram) < 0)
		abort();
	gikev2_timer_set(&sim->timers, &datagram->timer,
			 sim->now + sim->weather.delay +
				 sim_below(sim, sim->weather.jitter));
	if (++network->in_flight > network->most_in_flight)
		network->most_in_flight = network->in_flight;
}

/* The way from one sender to one receiver. */
static void transmit(struct sim_node *to, const struct gikev2_path *path,
		     struct sim_octets *message)
{
	struct sim *sim = to->sim;

	sim->network.sent++;
	if (to->cut || !to->engine) {
		sim->network.cut++;
		return;
	}
	if (sim_chance(sim, sim->weather.loss)) {
		sim->network.lost++;
		return;
	}
	enqueue(to, path, message);
	if (sim_chance(sim, sim->weather.duplication)) {
		sim->network.repeated++;
		enqueue(to, path, message);
	}
}

static void transmit_all(struct sim_node *from, const struct gikev2_path *path,
			 struct sim_octets *message)
{
	struct sim *sim = from->sim;

	for (uint32_t i = 1; i < sim->node_count; i++)
		if (sim->nodes[i].joins > 0)
			transmit(&sim->nodes[i], path, message);
}

int sim_network_send(struct sim_node *from, const struct gikev2_path *path,
		     const uint8_t *octets, size_t len)
{
	struct gikev2_path seen = { .local = path->remote,
				    .remote = from->address };
	struct sim_octets *message;
	struct sim_node *to;

	sim_wire_check(from, octets, len);
	if (from->cut || from->spy)
		return 0; /* as a cable that is not plugged in */
	message = malloc(sizeof(*message) + len);
	assert(message);
	message->refs = 1;
	message->len = len;
	memcpy(message->octets, octets, len);
	to = at_address(from->sim, &path->remote);
	if (to)
		transmit(to, &seen, message);
	else if (is_multicast(&path->remote))
		transmit_all(from, &seen, message);
	release(message);
	return 0;
}

void sim_network_free(struct sim *sim)
{
	struct sim_datagram *datagram;

	while ((datagram = sim->network.unused)) {
		sim->network.unused = datagram->next;
		free(datagram);
	}
}
