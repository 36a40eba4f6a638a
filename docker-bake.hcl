# docker buildx bake builds all images; IMAGE_PREFIX=registry.example/synthetic-agents/ TAG=1.2.3 docker buildx bake --push publishes them.
variable "IMAGE_PREFIX" {
  default = "synthetic-agents/"
}
variable "TAG" {
  default = "dev"
}

group "default" {
  targets = ["image"]
}

target "image" {
  name   = part
  matrix = { part = ["agent-app", "tool-service", "trace-inspector", "cli"] }
  target = part
  tags   = ["${IMAGE_PREFIX}${part}:${TAG}"]
}
