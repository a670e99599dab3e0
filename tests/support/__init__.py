"""What tests stand on: servers, browsers and builders of things."""
