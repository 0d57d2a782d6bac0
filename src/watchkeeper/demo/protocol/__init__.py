"""The modules' gRPC protocol; everything beside the .proto file is generated from it."""
