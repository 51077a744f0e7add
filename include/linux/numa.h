/* NUMA: one node. */
#ifndef NUMA_NO_NODE
#define NUMA_NO_NODE (-1)
#endif
